"""The next version of the program, for a rehearsal of its deployment."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.faults.processes import ROOT

LEFT_OUT = (".git", ".venv", "var", "tests", "bench", "docs", "__pycache__", "*.sqlite3")
FIELD = "rehearsed_at = models.DateTimeField(null=True)"
MODELS = {"job": "jobs/models/jobs.py", "event": "jobs/models/events.py"}
BEFORE = {"job": "    last_identifier = ", "event": "    received_at = "}
MIGRATION = """from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("jobs", "{last}")]

    operations = [
        migrations.AddField("job", "rehearsed_at", models.DateTimeField(null=True)),
        migrations.AddField("event", "rehearsed_at", models.DateTimeField(null=True)),
        migrations.AddIndex("event", models.Index(fields=["rehearsed_at"], name="rehearsed")),
    ]
"""


def next_release(folder: Path) -> Path:
    """A copy of this tree whose tables have a column more, where events and jobs are written.

    It only expands: nothing that the running version reads or writes is taken away.
    """
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for model, path in MODELS.items():
        _insert(folder / path, BEFORE[model], f"    {FIELD}\n")
    migrations = folder / "jobs/migrations"
    last = max(path.stem for path in migrations.glob("[0-9]*.py"))
    (migrations / "9999_rehearsal.py").write_text(MIGRATION.format(last=last), encoding="utf-8")
    return folder


def _insert(path: Path, before: str, text: str) -> None:
    source = path.read_text(encoding="utf-8")
    assert before in source, f"{path} has changed: where does a field go?"
    path.write_text(source.replace(before, text + before, 1), encoding="utf-8")
