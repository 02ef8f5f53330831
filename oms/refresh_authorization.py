"""Authorization Refresh: new credentials before the old ones expire."""

from __future__ import annotations

from typing import ClassVar

from django.db import transaction

from channels.connectors.base import Connector
from channels.enums import JobType
from channels.models import Channel
from oms.work import Context, InternalLogic


class RefreshAuthorization(InternalLogic):
    type: ClassVar[JobType] = JobType.REFRESH_AUTHORIZATION

    def act(self, context: Context, connector: Connector) -> None:
        """What the platform gave is stored at once: the old credentials may be void already."""
        renewed = connector.refresh_authorization(context.at)
        with transaction.atomic():
            channel = Channel.objects.select_for_update(no_key=True).get(pk=context.channel.pk)
            channel.change_secrets(renewed.secrets, context.at)
            channel.authorization_expires_at = renewed.expires_at
            channel.save(
                update_fields=[
                    "secrets_encrypted",
                    "secrets_changed_at",
                    "authorization_expires_at",
                ]
            )
        if renewed.expires_at:
            until = f"until {renewed.expires_at:%Y-%m-%d %H:%M} UTC"
        else:
            until = "and do not expire"
        context.log("info", f"The credentials were renewed; they hold {until}.")
