"""A run's channel and account are those of its job, whose constraint holds them."""

from django.db import migrations, models
from django.db.models import deletion

OF_JOB = {"db_constraint": False, "db_index": False, "related_name": "runs"}


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_second_factor"),
        ("channels", "0005_former_webhook_token"),
        ("jobs", "0008_traffic"),
    ]

    operations = [
        migrations.AlterField(
            "run", "account", models.ForeignKey("accounts.account", deletion.CASCADE, **OF_JOB)
        ),
        migrations.AlterField(
            "run", "channel", models.ForeignKey("channels.channel", deletion.CASCADE, **OF_JOB)
        ),
    ]
