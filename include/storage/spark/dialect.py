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
from ibis.expr.operations.udf import InputType

from include.storage.spark.functions import BORROWED, PREFIX


class Compiler(PySparkCompiler):
    """Ibis's own compiler for Spark, with DuckDB's meaning of what the two mean differently."""

    def visit_ScalarUDF(self, op: Any, **arguments: Any) -> Any:  # noqa: N802  Ibis finds it by this name
        """A function of the engine: DuckDB's, or what Spark calls it."""
        name, values = op.__func_name__, list(arguments.values())
        if op.__input_type__ is InputType.BUILTIN and name == "timezone":
            zone, at = values
            return self.f.from_utc_timestamp(at, zone)
        return self._borrowed(name, *values) if name in BORROWED else super().visit_ScalarUDF(op, **arguments)

    def _borrowed(self, name: str, *arguments: Any) -> Any:
        assert name in BORROWED
        return self.f.anon[f"{PREFIX}{name}"](*arguments)

    def visit_Lowercase(self, op: Any, *, arg: Any) -> Any:  # noqa: N802
        return self._borrowed("lower", arg)

    def visit_RegexSearch(self, op: Any, *, arg: Any, pattern: Any) -> Any:  # noqa: N802
        return self._borrowed("regexp_matches", arg, pattern)

    def visit_RegexReplace(self, op: Any, *, arg: Any, pattern: Any, replacement: Any) -> Any:  # noqa: N802
        return self._borrowed("regexp_replace", arg, pattern, replacement)

    def visit_Sin(self, op: Any, *, arg: Any) -> Any:  # noqa: N802
        return self._borrowed("sin", arg)

    def visit_Cos(self, op: Any, *, arg: Any) -> Any:  # noqa: N802
        return self._borrowed("cos", arg)

    def visit_Atan(self, op: Any, *, arg: Any) -> Any:  # noqa: N802
        return self._borrowed("atan", arg)

    def visit_Power(self, op: Any, *, left: Any, right: Any) -> Any:  # noqa: N802
        return self._borrowed("pow", left, right)

    def visit_TryCast(self, op: Any, *, arg: Any, to: Any) -> Any:  # noqa: N802
        name = f"to_{self.type_mapper.from_ibis(to).sql(self.dialect).lower()}"
        if op.arg.dtype.is_string() and name in BORROWED:
            return self._borrowed(name, arg)
        return super().visit_TryCast(op, arg=arg, to=to)

    def visit_Cast(self, op: Any, *, arg: Any, to: Any) -> Any:  # noqa: N802
        given = op.arg.dtype
        if to.is_json() and given.is_struct():
            return self._borrowed("to_json", arg)
        if to.is_integer() and given.is_floating():
            return self.cast(self.f.rint(arg), to)  # to the nearest, as DuckDB does; Spark cuts off
        return super().visit_Cast(op, arg=arg, to=to)

    def visit_Divide(self, op: Any, *, left: Any, right: Any) -> Any:  # noqa: N802
        """By zero it is infinite, or no number, where Spark would stop."""
        plain = self.binop(sge.Div, left, right)
        never_zero = isinstance(op.right, ops.NullIf) or (isinstance(op.right, ops.Literal) and op.right.value != 0)
        if never_zero:
            return plain
        endless = self.binop(sge.Mul, left, self.POS_INF)
        return self.if_(self._add_parens(right).eq(0), endless, plain)

    def visit_CountStar(self, op: Any, *, arg: Any, where: Any) -> Any:  # noqa: N802
        """The count of none is 0."""
        return super().visit_CountStar(op, arg=arg, where=None) if where is None else self.f.count_if(where)

    def visit_DateDelta(self, op: Any, *, part: Any, left: Any, right: Any) -> Any:  # noqa: N802
        if op.part.value != "day":
            raise UnsupportedOperationError("On Spark, days alone are counted between dates.")
        return self.cast(self.f.anon.datediff(left, right), op.dtype)

    def visit_ArrayIndex(self, op: Any, *, arg: Any, index: Any) -> Any:  # noqa: N802
        """From the end where the index is negative."""
        at = op.index.value
        return self.f.anon.try_element_at(arg, sge.convert(at + 1 if at >= 0 else at))

    def visit_StringSplit(self, op: Any, *, arg: Any, delimiter: Any) -> Any:  # noqa: N802
        """At a text, where Spark's is a pattern."""
        return self.f.anon.split(arg, self.f.concat(sge.convert("\\Q"), delimiter, sge.convert("\\E")))

    def visit_GroupConcat(self, op: Any, *, arg: Any, sep: Any, where: Any, order_by: Any) -> Any:  # noqa: N802
        """In the order of the texts themselves, which is the only one asked for."""
        if [key.arg for key in op.order_by] != [op.arg] or any(key.descending for key in op.order_by):
            raise UnsupportedOperationError("On Spark, texts are joined in their own order alone.")
        sorted_ = self.f.anon.sort_array(self.f.collect_list(arg if where is None else self.if_(where, arg, NULL)))
        return self.f.array_join(sorted_, sep)


Backend.register_options()


class Kindred(Backend):
    """Ibis on a Spark session, with that compiler and tables in memory handed over as they are."""

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
