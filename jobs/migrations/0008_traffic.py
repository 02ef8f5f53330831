import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('channels', '0004_secrets_over_time'),
        ('jobs', '0007_no_index_twice'),
    ]

    operations = [
        migrations.CreateModel(
            name='ChannelBudget',
            fields=[
                ('channel', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='budget', serialize=False, to='channels.channel')),
                ('remaining', models.FloatField()),
                ('told_at', models.DateTimeField()),
                ('capacity', models.FloatField(null=True)),
                ('resets_at', models.DateTimeField(null=True)),
                ('restores', models.FloatField(default=0.0)),
                ('cost', models.FloatField(default=1.0)),
                ('version', models.PositiveBigIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name='job',
            name='frozen_since',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='job',
            name='frozen_spans',
            field=models.JSONField(default=list, editable=False),
        ),
        migrations.AddField(
            model_name='run',
            name='fruitless',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='run',
            name='gave_way',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='run',
            name='handled',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='run',
            name='place',
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name='run',
            name='waits_for',
            field=models.CharField(blank=True, max_length=250),
        ),
        migrations.CreateModel(
            name='Circuit',
            fields=[
                ('channel', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='circuit', serialize=False, to='channels.channel')),
                ('state', models.CharField(choices=[('closed', 'Closed'), ('open', 'Open'), ('half_open', 'Half open')], default='closed', max_length=9)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('probes', models.PositiveIntegerField(default=0)),
                ('since', models.DateTimeField(null=True)),
                ('next_probe_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('wake_at', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, max_length=500)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('wake_at__isnull', False)), fields=['wake_at'], name='circuits_to_probe')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('next_probe_at', None), ('since', None), ('state', 'closed'), ('wake_at', None)), models.Q(models.Q(('state', 'closed'), _negated=True), ('next_probe_at__isnull', False), ('since__isnull', False), ('wake_at__isnull', False)), _connector='OR'), name='an_open_circuit_knows_its_next_probe')],
            },
        ),
    ]
