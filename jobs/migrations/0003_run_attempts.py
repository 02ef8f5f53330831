import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0002_indexes_of_the_overview'),
    ]

    operations = [
        migrations.CreateModel(
            name='RunAttempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField()),
                ('started_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField()),
                ('outcome', models.CharField(choices=[('succeeded', 'Succeeded'), ('failed', 'Failed'), ('lost', 'Worker lost'), ('cancelled', 'Cancelled')], max_length=9)),
                ('error', models.TextField(blank=True)),
                ('next_at', models.DateTimeField(null=True)),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='attempts', to='jobs.run')),
            ],
            options={
                'ordering': ['number'],
            },
        ),
        migrations.AddField(
            model_name='run',
            name='attempt_started_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='run',
            name='progress_done',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='run',
            name='progress_total',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='run',
            name='progress_unit',
            field=models.CharField(blank=True, choices=[('records', 'Records'), ('items', 'Items'), ('parts', 'Parts')], max_length=7),
        ),
        migrations.AddField(
            model_name='run',
            name='unproven_since',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddConstraint(
            model_name='runattempt',
            constraint=models.UniqueConstraint(fields=('run', 'number'), name='one_row_per_attempt'),
        ),
    ]
