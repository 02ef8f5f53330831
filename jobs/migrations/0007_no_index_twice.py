"""What an index of several columns begins with has none of its own."""

import django.db.models.deletion
from django.db import migrations, models


def drop_the_index_of_the_job(apps, schema_editor):
    """By name: altering the field would also drop the constraints of one run per job."""
    run = apps.get_model("jobs", "Run")
    connection, table = schema_editor.connection, run._meta.db_table
    named = {one.name for one in [*run._meta.indexes, *run._meta.constraints]}
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, table)
    for name, details in found.items():
        plain = details["index"] and not details["unique"] and not details["primary_key"]
        if plain and details["columns"] == ["job_id"] and name not in named:
            schema_editor.execute(f"DROP INDEX {schema_editor.quote_name(name)}")


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_planned_disabling'),
        ('channels', '0004_secrets_over_time'),
        ('jobs', '0006_record_changes'),
    ]

    operations = [
        migrations.AlterField(
            model_name='event',
            name='channel',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='channels.channel'),
        ),
        migrations.AlterField(
            model_name='event',
            name='job',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='jobs.job'),
        ),
        migrations.AlterField(
            model_name='rescue',
            name='job',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='rescues', to='jobs.job'),
        ),
        migrations.AlterField(
            model_name='rescue',
            name='run',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='rescues', to='jobs.run'),
        ),
        migrations.AlterField(
            model_name='run',
            name='account',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='accounts.account'),
        ),
        migrations.AlterField(
            model_name='run',
            name='channel',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='channels.channel'),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunPython(drop_the_index_of_the_job, migrations.RunPython.noop),
            ],
            state_operations=[
                migrations.AlterField(
                    model_name='run',
                    name='job',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='jobs.job'),
                ),
            ],
        ),
    ]
