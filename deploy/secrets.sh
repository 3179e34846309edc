#!/bin/sh
# Prints new secrets for compose.yaml: (umask 077; deploy/secrets.sh > .env)
# Fill in the mail server, which takes STARTTLS at port 587 unless NSADMIN_MAIL_TLS and
# NSADMIN_MAIL_PORT say otherwise; without one no mail is sent. Any setting may be added.
# Keep the file: without NSADMIN_SEAL_KEYS the stored keys of clusters cannot be read.
set -eu
random() { openssl rand -base64 "$1" | tr -d '\n=' | tr '+/' '-_'; }
cat <<END
NSADMIN_HOST=localhost
NSADMIN_SECRET_KEY=$(random 48)
NSADMIN_KEY_PEPPER=$(random 36)
NSADMIN_SEAL_KEYS=k1:$(openssl rand -base64 32)
NSADMIN_QDRANT_API_KEY=$(random 24)
NSADMIN_METRICS_KEY=$(random 24)
POSTGRES_PASSWORD=$(random 24)
NSADMIN_MAIL_HOST=
NSADMIN_MAIL_FROM=
NSADMIN_MAIL_USER=
NSADMIN_MAIL_PASSWORD=
END
