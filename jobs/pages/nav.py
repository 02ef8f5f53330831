"""What the frame of every page shows: the account and its time, those to switch to, the role."""

from django.http import HttpRequest

from jobs.pages.here import KEY, Here


def nav(request: HttpRequest) -> dict[str, object]:
    here = request.META.get(KEY)
    if not isinstance(here, Here):
        return {}
    return {
        "nav_account": here.account,
        "nav_accounts": here.accounts,
        "nav_role": here.role.label,
        "nav_now": here.at,
    }
