# ruff: noqa: N802, ARG002 - Ibis finds a method by the name of the operation, and gives it all that the operation has
"""How expressions are said to Spark where Ibis says them otherwise than DuckDB means them; here and nowhere else."""

from __future__ import annotations

from typing import Any

import ibis.expr.operations as ops
import pyarrow as pa
import sqlglot.expressions as sge
from ibis.backends.pyspark import Backend
from ibis.backends.sql.compilers.base import NULL
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.common.exceptions import UnsupportedOperationError

from include.storage.spark.functions import BORROWED, PREFIX


class Compiler(PySparkCompiler):  # type: ignore[misc]
    """Ibis's own compiler for Spark, with DuckDB's meaning of what the two mean differently."""

    SIMPLE_OPS = {  # noqa: RUF012 - Ibis reads it when the class is made
        ops.Lowercase: f"{PREFIX}lower",
        ops.RegexSearch: f"{PREFIX}regexp_matches",
        ops.RegexReplace: f"{PREFIX}regexp_replace",
        ops.Sin: f"{PREFIX}sin",
        ops.Cos: f"{PREFIX}cos",
        ops.Atan: f"{PREFIX}atan",
        ops.Power: f"{PREFIX}pow",
    }

    def visit_ScalarUDF(self, op: Any, **arguments: Any) -> Any:
        """A function that expressions name: DuckDB's, or what Spark calls it."""
        name, values = op.__func_name__, list(arguments.values())
        if name == "timezone":
            zone, at = values
            return self.f.from_utc_timestamp(at, zone)
        return self._borrowed(name, *values) if name in BORROWED else super().visit_ScalarUDF(op, **arguments)

    def _borrowed(self, name: str, *arguments: Any) -> Any:
        return self.f.anon[f"{PREFIX}{name}"](*arguments)

    def visit_TryCast(self, op: Any, *, arg: Any, to: Any) -> Any:
        """Which texts are numbers, days or truths is DuckDB's to say."""
        name = f"to_{self.type_mapper.from_ibis(to).sql(self.dialect).lower()}"
        if op.arg.dtype.is_string() and name in BORROWED:
            return self._borrowed(name, arg)
        return super().visit_TryCast(op, arg=arg, to=to)

    def visit_Cast(self, op: Any, *, arg: Any, to: Any) -> Any:
        """A number is rounded to a whole one, where Spark cuts it off."""
        given = op.arg.dtype
        if to.is_json() and given.is_struct():
            return self._borrowed("to_json", arg)
        if to.is_integer() and given.is_floating():
            return self.cast(self.f.rint(arg), to)
        return super().visit_Cast(op, arg=arg, to=to)

    def visit_Divide(self, op: Any, *, left: Any, right: Any) -> Any:
        """By zero it is infinite, or no number, where Spark would stop."""
        plain = self.binop(sge.Div, left, right)
        is_safe = isinstance(op.right, ops.NullIf) or (isinstance(op.right, ops.Literal) and op.right.value != 0)
        if is_safe:
            return plain
        endless = self.binop(sge.Mul, left, self.POS_INF)
        return self.if_(self._add_parens(right).eq(0), endless, plain)

    def visit_CountStar(self, op: Any, *, arg: Any, where: Any) -> Any:
        """The count of none is 0."""
        return super().visit_CountStar(op, arg=arg, where=None) if where is None else self.f.count_if(where)

    def visit_DateDelta(self, op: Any, *, part: Any, left: Any, right: Any) -> Any:
        """Days between dates; nothing else is asked for."""
        if op.part.value != "day":
            raise UnsupportedOperationError("On Spark, days alone are counted between dates.")
        return self.cast(self.f.anon.datediff(left, right), op.dtype)

    def visit_ArrayIndex(self, op: Any, *, arg: Any, index: Any) -> Any:
        """From the end where the index is negative; null beyond an end."""
        at = op.index.value
        return self.f.anon.try_element_at(arg, sge.convert(at + 1 if at >= 0 else at))

    def visit_StringSplit(self, op: Any, *, arg: Any, delimiter: Any) -> Any:
        """At a text, where Spark's is a pattern."""
        return self.f.anon.split(arg, self.f.concat(sge.convert("\\Q"), delimiter, sge.convert("\\E")))

    def visit_GroupConcat(self, op: Any, *, arg: Any, sep: Any, where: Any, order_by: Any) -> Any:
        """In the order of the texts themselves; nothing else is asked for."""
        if [key.arg for key in op.order_by] != [op.arg] or any(key.descending for key in op.order_by):
            raise UnsupportedOperationError("On Spark, texts are joined in their own order alone.")
        found = self.f.collect_list(arg if where is None else self.if_(where, arg, NULL))
        return self.f.array_join(self.f.anon.sort_array(found), sep)


Backend.register_options()  # which Ibis does only where it loads the backend itself


class Kindred(Backend):  # type: ignore[misc]
    """Ibis on a Spark session, with that compiler, and tables in memory handed over as they are."""

    compiler = Compiler()

    def _register_in_memory_table(self, op: ops.InMemoryTable) -> None:
        rows = op.data.to_pyarrow(op.schema)
        self._session.createDataFrame(rows).createOrReplaceTempView(op.name)

    def to_pyarrow(self, expr: Any, /, **asked: Any) -> Any:
        """The rows of a table, or the column or the value that is asked for."""
        table = expr.as_table()
        self._run_pre_execute_hooks(table)
        rows: pa.Table = self._session.sql(self.compile(table)).toArrow().cast(table.schema().to_pyarrow())
        return expr.__pyarrow_result__(rows)
