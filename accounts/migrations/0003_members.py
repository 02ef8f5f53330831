import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Subquery


def begin_with_the_user(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Users were made together with their membership so far."""
    users = apps.get_model("accounts", "User").objects.filter(pk=OuterRef("user"))
    memberships = apps.get_model("accounts", "Membership").objects
    memberships.update(since=Subquery(users.values("date_joined")))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_initial")]

    operations = [
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail address")),
                ("role", models.CharField(choices=[("viewer", "Viewer"), ("operator", "Operator"), ("admin", "Admin")], default="viewer", max_length=10)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("made_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(null=True)),
                ("account", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="invitations", to="accounts.account")),
                ("made_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("account"),
                        django.db.models.functions.text.Lower("email"),
                        condition=models.Q(("accepted_at", None)),
                        name="one_open_invitation_per_address",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="membership",
            name="since",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.RunPython(begin_with_the_user, migrations.RunPython.noop),
    ]
