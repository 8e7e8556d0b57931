"""Relational transforms on Apache Spark, by the same expressions as on one machine; pyspark is imported here only."""
