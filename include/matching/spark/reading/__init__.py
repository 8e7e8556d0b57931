"""Reading a table on Spark: from its columns as given to rows that stand by themselves (see ``rows``).

Each module is one step, its tasks beside what is asked of DataFrames. What the table says of a value is counted where
the value's records meet, and joined back to them. The driver and every task hold the vocabulary of names, some hundred
bytes a distinct name; of nothing else is there a list of values but of those that very many records share.
"""
