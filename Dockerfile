# One image for every process of HES; docker-compose.yml says which runs where.
# Unverified by its authors: no container engine was at hand. tests/test_deployment.py checks its shape.

FROM python:3.11-slim-bookworm AS build
WORKDIR /app
RUN python -m venv /app/.venv
COPY requirements.txt pyproject.toml README.md ./
RUN /app/.venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt
COPY manage.py ./
COPY hes hes
COPY devices devices
COPY workorders workorders
COPY integration integration
COPY listeners listeners
COPY templates templates
COPY static static
RUN /app/.venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation -e .

# Settings of production refuse to load without keys; these serve this one step and are not kept.
RUN HES_ENV=production HES_HOME=/tmp HES_STATIC_ROOT=/app/static-root HES_ALLOWED_HOSTS=build \
    HES_SECRET_KEY="$(head -c 64 /dev/urandom | base64 -w 0)" \
    HES_MASTER_KEY="$(head -c 32 /dev/urandom | base64 -w 0)" \
    DATABASE_URL=postgres://build/build \
    /app/.venv/bin/hes collectstatic --noinput

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 970 --create-home --home-dir /var/lib/hes --shell /usr/sbin/nologin hes
COPY --from=build /app /app
WORKDIR /app
USER hes
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HES_ENV=production \
    HES_HOME=/var/lib/hes \
    HES_STATIC_ROOT=/app/static-root
VOLUME /var/lib/hes
EXPOSE 8000
ENTRYPOINT ["hes"]
CMD ["web", "--bind", "0.0.0.0:8000"]
