# One image for every Airflow service: the same locked packages that `make run` uses, and the project.
# With --build-arg PACKAGES=spark it has besides what resolving on Apache Spark needs: Java, and pyspark.
ARG PACKAGES=kindred

FROM python:3.11-slim-bookworm AS kindred

ENV PYTHONUNBUFFERED=1 \
    PYTHONPATH=/opt/kindred \
    AIRFLOW_HOME=/opt/airflow

RUN useradd --create-home --uid 50000 kindred \
    && mkdir -p /opt/airflow/logs /opt/kindred/home \
    && chown -R kindred /opt/airflow /opt/kindred

WORKDIR /opt/kindred
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt

FROM kindred AS spark
RUN apt-get update \
    && apt-get install --yes --no-install-recommends openjdk-17-jre-headless procps \
    && rm -rf /var/lib/apt/lists/*
COPY requirements-spark.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements-spark.txt

FROM ${PACKAGES}
COPY --chown=kindred include include
COPY --chown=kindred plugins plugins
COPY --chown=kindred dags dags

USER kindred
RUN python -m compileall -q include plugins dags && python -m include.matching.kernels.compile
