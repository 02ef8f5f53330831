from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0001_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='incident',
            name='kind',
            field=models.CharField(choices=[('clock_silent', 'The clock is silent'), ('intake_silent', 'No web process takes webhooks'), ('worker_silent', 'No worker gives a sign of life'), ('runs_wait', 'Due runs wait for a worker'), ('account_disabled', 'The account is disabled'), ('attention', "A channel's settings or credentials are refused"), ('expired', "A channel's authorization expired"), ('circuit_open', "A channel's platform does not answer as it should"), ('failing', 'A job fails'), ('subscription_lost', 'A webhook is missing at the platform'), ('degraded', 'Webhooks were or may be lost'), ('parked', 'Records are parked'), ('configuration', 'A setting keeps a job from its work')], max_length=20),
        ),
    ]
