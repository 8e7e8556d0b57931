"""The operations of ``work`` on Apache Spark, by the same rules; pyspark is imported here only."""
