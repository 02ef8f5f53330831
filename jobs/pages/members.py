"""Who works in the account, as what; the ways in (invitations) and out."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from accounts import access, invitation_mail, invitations, members
from accounts.forms import InviteForm
from accounts.members import NotAllowed
from accounts.models import Invitation, Membership, Role
from jobs.pages.account_tabs import TABS
from jobs.pages.here import Here, page
from jobs.pages.paging import in_order


@page("GET", "POST")
def show_members(here: Here) -> HttpResponse:
    """The list with the open invitations; a POST invites somebody and shows the link once."""
    if here.request.method != "POST":
        return _show(here, InviteForm())
    here.require(Role.ADMIN)
    form = InviteForm(here.request.POST)
    if form.is_valid():
        email, role = form.cleaned_data["email"], Role(form.cleaned_data["role"])
        try:
            made, token = invitations.invite(here.account, email, role, here.at, here.user)
        except NotAllowed as refused:
            form.add_error("email", str(refused))
        else:
            return _show_link(here, made, token)
    return _show(here, form, refused=True)


@page("POST")
def renew_invitation(here: Here, invitation_id: int) -> HttpResponse:
    """A new link for the one invited, shown once; the old one ends."""
    old = _find_invitation(here, invitation_id)
    try:
        made, token = invitations.invite(
            here.account, old.email, Role(old.role), here.at, here.user
        )
    except NotAllowed as refused:
        return _refuse(here, refused)
    return _show_link(here, made, token)


@page("POST")
def withdraw_invitation(here: Here, invitation_id: int) -> HttpResponse:
    invitation = _find_invitation(here, invitation_id)
    try:
        invitations.withdraw(invitation, here.at, here.user)
    except NotAllowed as refused:
        return _refuse(here, refused)
    messages.success(here.request, f"The link sent to {invitation.email} works no more.")
    return redirect("members")


@page("POST")
def change_role(here: Here, membership_id: int) -> HttpResponse:
    """Another role for a member. An admin who gives up their own is asked first."""
    membership = _find_member(here, membership_id)
    name = here.request.POST.get("role", membership.role)
    if name not in Role:
        messages.error(here.request, "Choose one of the roles in the menu. Nothing was changed.")
        return redirect("members")
    role = Role(name)
    gives_up = membership.user == here.user and role != Role.ADMIN
    if gives_up and "confirm" not in here.request.POST:
        context = {"membership": membership, "role": role, "meaning": access.MEANING[role]}
        return here.render("accounts/member_step_down.html", context)
    try:
        changed = members.change_role(membership, role, here.at, here.user)
    except NotAllowed as refused:
        return _refuse(here, refused)
    if changed:
        messages.success(here.request, f"{membership.user} is {role.label} now.")
    return redirect("members")


@page("POST")
def require_second_factor(here: Here) -> HttpResponse:
    """Must members have a second factor?"""
    here.require(Role.ADMIN)
    required = here.request.POST.get("required") == "yes"
    try:
        changed = members.require_second_factor(here.account, here.at, here.user, required=required)
    except NotAllowed as refused:
        return _refuse(here, refused)
    if changed:
        said = (
            "Members without a second factor are led to set it up."
            if required
            else ("A second factor is everybody's own choice now.")
        )
        messages.success(here.request, said)
    return redirect("members")


@page("GET", "POST")
def remove_member(here: Here, membership_id: int) -> HttpResponse:
    """Says what ends with a membership; a POST ends it."""
    membership = _find_member(here, membership_id)
    if membership.user == here.user:
        return redirect("leave_account")
    return _end(here, membership)


@page("GET", "POST")
def leave_account(here: Here) -> HttpResponse:
    """Every member may; says what it means first."""
    rows = Membership.objects.select_related("user", "account")
    return _end(here, rows.get(account=here.account, user=here.user))


def _end(here: Here, membership: Membership) -> HttpResponse:
    leaving = membership.user == here.user
    if here.request.method != "POST":
        ties = members.ties_of(membership)
        context = {"membership": membership, "ties": ties, "leaving": leaving}
        return here.render("accounts/member_remove.html", context)
    try:
        members.remove(membership, here.at, here.user)
    except NotAllowed as refused:
        return _refuse(here, refused)
    left = f"You left {here.account}." if leaving else f"{membership.user} is no member any more."
    messages.success(here.request, left)
    return redirect("overview" if leaving else "members")


def _find_member(here: Here, membership_id: int) -> Membership:
    """A member of an account of the user's own; for its admins."""
    rows = Membership.objects.select_related("user", "account")
    found = rows.filter(pk=membership_id, account__in=here.accounts).first()
    if found is None:
        raise Http404("No such member.")
    here.enter(found.account_id)
    here.require(Role.ADMIN)
    return found


def _find_invitation(here: Here, invitation_id: int) -> Invitation:
    rows = Invitation.objects.select_related("account")
    found = rows.filter(pk=invitation_id, account__in=here.accounts).first()
    if found is None:
        raise Http404("No such invitation.")
    here.enter(found.account_id)
    here.require(Role.ADMIN)
    return found


def _refuse(here: Here, refused: NotAllowed) -> HttpResponse:
    messages.error(here.request, str(refused))
    return redirect("members")


def _show_link(here: Here, made: Invitation, token: str) -> HttpResponse:
    """No redirect: the link is in this answer alone."""
    path = f"/invitations/{token}/"
    known = settings.OMSAUTO_PUBLIC_URL if settings.OMSAUTO_HAS_PUBLIC_URL else ""
    link = f"{known}{path}" if known else here.request.build_absolute_uri(path)
    context = {"made": made, "link": link, "mailed": invitation_mail.send(made, link)}
    answer = _show(here, InviteForm(), **context)
    answer["Cache-Control"] = "no-store"
    return answer


def _show(here: Here, form: InviteForm, **more: object) -> HttpResponse:
    rows = Membership.objects.filter(account=here.account).select_related("user__second_factor")
    opened = invitations.open_ones(here.account) if here.may_admin else []
    context: dict[str, object] = {
        "part": in_order(rows.order_by("user__email", "pk"), here.request),
        "invitations": opened,
        "form": form,
        "roles": [(role.value, role.label) for role in Role],
        "meanings": [(role.label, access.MEANING[role]) for role in Role],
        "tabs": TABS,
        "tab": "members",
        **more,
    }
    return here.render("accounts/members.html", context)
