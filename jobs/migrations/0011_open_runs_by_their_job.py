"""Of the runs of a job, those that are open are found by an index of their own."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_spread_of_starts'),
        ('channels', '0005_former_webhook_token'),
        ('jobs', '0010_spread_of_starts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='run',
            name='runs_to_send',
        ),
        migrations.AlterField(
            model_name='job',
            name='channel',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='jobs', to='channels.channel'),
        ),
        migrations.AlterField(
            model_name='run',
            name='actor',
            field=models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('finished_at', None), ('status', 'queued')), fields=['wake_at'], name='runs_by_wake'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('status__in', ['queued', 'running'])), fields=['job'], name='open_runs_of_job'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('actor', None), _negated=True), fields=['actor'], name='runs_of_actor'),
        ),
    ]
