"""Reading a table on Spark: from its columns as given to rows that stand by themselves (see ``rows``).

Each module is one step, its tasks beside what is asked of Spark. What the table says of a value is counted where all of
the value's records are counted, and told to the parts that have it. The driver and every task hold the vocabulary of
names, some hundred bytes a distinct name; of nothing else is there a list of values but of those that very many records
share.
"""
