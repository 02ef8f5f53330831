"""Logging in and out, one's password and second factor, invitations."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts import login, pages
from accounts import second_factor_pages as second_factor

urlpatterns = [
    path("login/", login.log_in, name="login"),
    path("login/code/", login.ask_code, name="login_code"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", pages.ChangePassword.as_view(), name="password"),
    path("password/log-out-elsewhere/", pages.log_out_elsewhere, name="log_out_elsewhere"),
    path("second-factor/", second_factor.show, name="second_factor"),
    path("second-factor/set-up/", second_factor.set_up, name="set_up_second_factor"),
    path("second-factor/qr.svg", second_factor.qr_code, name="second_factor_qr"),
    path("second-factor/recovery-codes/", second_factor.recovery_codes, name="recovery_codes"),
    path("second-factor/switch-off/", second_factor.switch_off, name="switch_off_second_factor"),
    path("invitations/<str:token>/", pages.invitation, name="invitation"),
    # The administration asks for login and password at the same doors as everything else.
    path("admin/login/", login.log_in_to_administration),
    path("admin/logout/", LogoutView.as_view()),
    path("admin/password_change/", pages.ChangePassword.as_view()),
]
