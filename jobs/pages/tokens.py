"""API tokens that act in the account: made, shown once, revoked."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from accounts import access, tokens
from accounts.forms import TokenForm
from accounts.members import NotAllowed
from accounts.models import ApiToken, Membership, Role
from jobs.pages.account_tabs import TABS
from jobs.pages.here import Here, page
from jobs.pages.paging import newest_first


@dataclass(frozen=True)
class Line:
    """A token on the page; `role` is what its owner's membership leaves of it here."""

    token: ApiToken
    role: Role | None
    expired: bool
    may_revoke: bool

    @property
    def beginning(self) -> str:
        """Enough of its text to tell it from others, too little to be of use."""
        return str(self.token.token.token_key)[:8]

    @property
    def lowered(self) -> bool:
        """Does its owner's role allow less than the token was made for?"""
        return bool(self.token.role) and self.role != self.token.role


@page("GET", "POST")
def show_tokens(here: Here) -> HttpResponse:
    """One's own tokens, for admins everybody's; a POST makes one and shows it once."""
    form = TokenForm(here.role)
    if here.request.method != "POST":
        return _show(here, form)
    here.require(Role.OPERATOR)
    form = TokenForm(here.role, here.request.POST)
    if form.is_valid():
        name, role = form.cleaned_data["name"], Role(form.cleaned_data["role"])
        try:
            made, text = tokens.make(here.user, here.account, name, role, form.lifetime, here.at)
        except NotAllowed as refused:
            form.add_error("name", str(refused))
        else:
            answer = _show(here, TokenForm(here.role), made=made, text=text)
            answer["Cache-Control"] = "no-store"
            return answer
    return _show(here, form, refused=True)


@page("POST")
def revoke_token(here: Here, token_id: int) -> HttpResponse:
    """The owner's own, or as an admin any token of the account."""
    token = _find(here, token_id)
    if not _may_revoke(here, token):
        here.require(Role.ADMIN)
        messages.error(
            here.request, f"{token.name} acts in all accounts of its owner, who alone revokes it."
        )
        return redirect("api_tokens")
    tokens.revoke(token, here.account, here.at, here.user)
    messages.success(here.request, f"{token.name} is revoked: it is refused from now on.")
    return redirect("api_tokens")


def _find(here: Here, token_id: int) -> ApiToken:
    """A token that acts in an account of the user's; its account is entered."""
    rows = ApiToken.objects.select_related("token__user", "account")
    token = rows.filter(pk=token_id).first()
    if token is not None and token.account_id is not None:
        here.enter(token.account_id)
        return token
    if token is None or not tokens.listed(here.account, here.user, whole=True).filter(pk=token_id):
        raise Http404("No such token.")
    return token


def _may_revoke(here: Here, token: ApiToken) -> bool:
    return token.token.user == here.user or (here.may_admin and token.account_id is not None)


def _show(here: Here, form: TokenForm, **more: object) -> HttpResponse:
    part = newest_first(tokens.listed(here.account, here.user, whole=here.may_admin), here.request)
    owners = [row.token.user_id for row in part.rows]
    found = Membership.objects.filter(account=here.account, user__in=owners)
    roles = {row.user_id: Role(row.role) for row in found}
    lines = [_line(here, token, roles.get(token.token.user_id)) for token in part.rows]
    context: dict[str, object] = {
        "part": part,
        "lines": lines,
        "form": form,
        "meanings": [(role.label, access.MEANING[role]) for role in access.up_to(here.role)],
        "tabs": TABS,
        "tab": "api_tokens",
        **more,
    }
    return here.render("accounts/tokens.html", context)


def _line(here: Here, token: ApiToken, owned: Role | None) -> Line:
    role = access.left_of(owned, here.account.pk, token) if owned else None
    expiry = token.token.expiry
    expired = expiry is not None and expiry <= here.at
    return Line(token, role, expired, _may_revoke(here, token))
