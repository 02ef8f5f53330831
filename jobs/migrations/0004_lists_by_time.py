import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def fill_stretches(apps, schema_editor):
    """Give each stretch the account, channel and type of its job."""
    jobs = apps.get_model('jobs', 'Job').objects.filter(pk=OuterRef('job'))
    apps.get_model('jobs', 'SlotStretch').objects.update(
        account_id=Subquery(jobs.values('channel__account')),
        channel_id=Subquery(jobs.values('channel')),
        type=Subquery(jobs.values('type')),
    )


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_initial'),
        ('channels', '0003_webhook_mapping_id_path'),
        ('jobs', '0003_run_attempts'),
    ]

    operations = [
        migrations.AddField(
            model_name='slotstretch',
            name='account',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.account'),
        ),
        migrations.AddField(
            model_name='slotstretch',
            name='channel',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='channels.channel'),
        ),
        migrations.AddField(
            model_name='slotstretch',
            name='type',
            field=models.CharField(choices=[('receive_orders', 'Receive Orders'), ('receive_order_updates', 'Receive Order Updates'), ('send_order_updates', 'Send Order Updates'), ('sync_inventory', 'Synchronize Inventory'), ('import_products', 'Import Products'), ('export_products', 'Export Products'), ('refresh_authorization', 'Authorization Refresh'), ('send_shipments', 'Send Shipments'), ('receive_shipments', 'Receive Shipments'), ('receive_inventory', 'Receive Inventory')], max_length=24, null=True),
        ),
        migrations.RunPython(fill_stretches, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='slotstretch',
            name='account',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.account'),
        ),
        migrations.AlterField(
            model_name='slotstretch',
            name='channel',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='channels.channel'),
        ),
        migrations.AlterField(
            model_name='slotstretch',
            name='type',
            field=models.CharField(choices=[('receive_orders', 'Receive Orders'), ('receive_order_updates', 'Receive Order Updates'), ('send_order_updates', 'Send Order Updates'), ('sync_inventory', 'Synchronize Inventory'), ('import_products', 'Import Products'), ('export_products', 'Export Products'), ('refresh_authorization', 'Authorization Refresh'), ('send_shipments', 'Send Shipments'), ('receive_shipments', 'Receive Shipments'), ('receive_inventory', 'Receive Inventory')], max_length=24),
        ),
        migrations.AlterField(
            model_name='runlog',
            name='run',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='log', to='jobs.run'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['job', '-id'], name='runs_of_job'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['account', 'created_at', 'id'], name='runs_by_time'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['channel', 'created_at', 'id'], name='runs_of_channel_by_time'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['account', 'type', 'created_at', 'id'], name='runs_of_type'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['account', 'status', 'created_at', 'id'], name='runs_of_status'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('causes_text__contains', ',webhook,')), fields=['account', 'created_at', 'id'], name='runs_by_webhook'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('causes_text__contains', ',schedule,')), fields=['account', 'created_at', 'id'], name='runs_by_schedule'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('causes_text__contains', ',emergency,')), fields=['account', 'created_at', 'id'], name='runs_by_emergency'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('causes_text__contains', ',manual,')), fields=['account', 'created_at', 'id'], name='runs_by_manual'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('causes_text__contains', ',retry,')), fields=['account', 'created_at', 'id'], name='runs_by_retry'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('causes_text__contains', ',change,')), fields=['account', 'created_at', 'id'], name='runs_by_change'),
        ),
        migrations.AddIndex(
            model_name='runlog',
            index=models.Index(fields=['run', 'id'], name='log_of_run'),
        ),
        migrations.AddIndex(
            model_name='slotstretch',
            index=models.Index(fields=['account', 'last_slot_at', 'id'], name='stretches_by_time'),
        ),
        migrations.AddIndex(
            model_name='slotstretch',
            index=models.Index(fields=['channel', 'last_slot_at', 'id'], name='stretches_of_channel'),
        ),
        migrations.AddIndex(
            model_name='slotstretch',
            index=models.Index(fields=['account', 'type', 'last_slot_at', 'id'], name='stretches_of_type'),
        ),
        migrations.AddIndex(
            model_name='slotstretch',
            index=models.Index(fields=['account', 'outcome', 'last_slot_at', 'id'], name='stretches_of_outcome'),
        ),
    ]
