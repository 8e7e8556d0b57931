"""Where rows lie: the lake (Parquet), the warehouse (PostgreSQL), and the engine that transforms between."""
