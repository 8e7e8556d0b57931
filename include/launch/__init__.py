"""The local launcher: a real Airflow as processes, for `make run`, `make up`, `make down` and `make airflow`.

    python -m include.launch run [FOLDER]
    python -m include.launch up [FOLDER]
    python -m include.launch down [FOLDER]
    python -m include.launch airflow ARGUMENTS    # Airflow's command line, on what `up` has started

It drives Airflow from outside, by its command line and its REST API, and imports nothing of it.
"""
