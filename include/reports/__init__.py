"""The stage `report`: figures that replace lead counts, each from the tables of one run."""
