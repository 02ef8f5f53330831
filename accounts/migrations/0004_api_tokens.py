import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def describe(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Tokens made so far came from the command line and act in all accounts of their owner."""
    details = apps.get_model("accounts", "ApiToken").objects
    for token in apps.get_model("knox", "AuthToken").objects.all().iterator():
        details.create(token=token, name="Command line")


def end_limited_ones(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Without their limits they would act with all roles of their owner."""
    apps.get_model("knox", "AuthToken").objects.filter(details__account__isnull=False).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_members"),
        ("knox", "0009_extend_authtoken_field"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80)),
                ("role", models.CharField(blank=True, choices=[("viewer", "Viewer"), ("operator", "Operator"), ("admin", "Admin")], max_length=10)),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                ("account", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="api_tokens", to="accounts.account")),
                ("token", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="details", to=settings.KNOX_TOKEN_MODEL)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("account", None), ("role", "")),
                            models.Q(("account__isnull", False), ("role__in", ["viewer", "operator", "admin"])),
                            _connector="OR",
                        ),
                        name="a_token_of_an_account_has_a_role",
                    )
                ],
            },
        ),
        migrations.RunPython(describe, end_limited_ones),
    ]
