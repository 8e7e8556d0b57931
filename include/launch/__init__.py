"""The local launcher: a real Airflow as processes, for `make run`, `make up` and `make down`.

    python -m include.launch run [--data FOLDER]
    python -m include.launch up [--data FOLDER]
    python -m include.launch down [--data FOLDER]

It drives Airflow from outside, by its command line and its REST API, and imports nothing of it.
"""
