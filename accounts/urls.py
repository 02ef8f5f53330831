"""Logging in and out, one's password, invitations."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from accounts import pages

urlpatterns = [
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", pages.ChangePassword.as_view(), name="password"),
    path("password/log-out-elsewhere/", pages.log_out_elsewhere, name="log_out_elsewhere"),
    path("invitations/<str:token>/", pages.invitation, name="invitation"),
]
