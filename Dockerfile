# The service in a container: docker build -t chatsurvey .   docker run -p 8080:8080 -v chatsurvey:/data chatsurvey
# compose.yaml runs it with Redis and PostgreSQL.

FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/chatsurvey \
 && /opt/chatsurvey/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE flows.yaml settings.example.yaml ./
COPY bot bot
COPY web_widget web_widget
RUN /opt/chatsurvey/bin/pip wheel --no-deps --no-build-isolation -w /dist . \
 && /opt/chatsurvey/bin/pip install --no-cache-dir --no-deps /dist/*.whl

FROM python:3.13-slim
RUN useradd --system --uid 10001 --user-group --no-create-home chatsurvey \
 && install -d -o chatsurvey -g chatsurvey -m 700 /data \
 && install -d /etc/chatsurvey
COPY --from=build /opt/chatsurvey /opt/chatsurvey
ENV PATH=/opt/chatsurvey/bin:$PATH PYTHONUNBUFFERED=1 DATA_DIR=/data
# flows.yaml, settings.yaml and .env are read from here.
WORKDIR /etc/chatsurvey
VOLUME /data
USER chatsurvey
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=4s --start-period=40s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ.get('PORT', '8080') + '/readyz', timeout=3)"]
ENTRYPOINT ["chatsurvey"]
CMD ["serve"]
