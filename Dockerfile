# One image for every process: web, worker, beat, and what prepares them. compose.yaml runs it.
FROM python:3.12-slim

# pg_dump and pg_restore are what `manage.py backup` and `restore` call.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends postgresql-client \
 && rm -rf /var/lib/apt/lists/*

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 OMSAUTO_VAR=/var/lib/omsauto
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes --requirement requirements.txt
COPY . .

# Nobody's program to change: the code is root's, the user's own is the state folder alone.
RUN useradd --system --uid 10001 --home-dir /var/lib/omsauto omsauto \
 && install -d -o omsauto -m 0700 /var/lib/omsauto
USER omsauto
VOLUME ["/var/lib/omsauto"]
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["python", "-m", "omsauto.processes", "web"]
