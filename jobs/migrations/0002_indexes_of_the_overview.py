from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_initial'),
        ('channels', '0003_webhook_mapping_id_path'),
        ('jobs', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='event',
            name='events_by_age',
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(fields=['received_at', 'channel'], name='events_by_age_and_channel'),
        ),
        migrations.AddIndex(
            model_name='rescue',
            index=models.Index(fields=['rescued_at'], name='rescues_by_age'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('status', 'failed')), fields=['account', '-id'], name='runs_failed'),
        ),
    ]
