"""The command line: every command also works without Airflow, on the same lake and warehouse."""
