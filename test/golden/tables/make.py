"""Makes the tables of test/golden/tables: by pandas, PyArrow and DuckDB, as their users write them."""
import datetime, json, pathlib, sys
import duckdb, pandas as pd, pyarrow as pa, pyarrow.parquet as pq

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
rows = pd.DataFrame({
    "video_path": ["a.mp4", 'dance/say "hi", twice.mp4', "b.mp4", "b.mp4", "ü/é.mp4"],
    "label": ["playing, guitar", "two\nlines", "7", None, "dance"],
    "split": ["train", "train", "validation", "test", "test"],
    "start": [None, None, 1.5, 62.25, 0.0],
    "end": [None, None, 3.0, 3723.5, 2.5],
})
rows.to_csv(out / "pandas.csv")                                   # with pandas' own column of numbers
rows.to_csv(out / "pandas.tsv.gz", sep="\t", index=False)
rows.to_parquet(out / "snappy.parquet")
rows.to_parquet(out / "zstd.parquet", compression="zstd", row_group_size=2)
rows.to_parquet(out / "brotli.parquet", compression="brotli")
# As Hugging Face's data sets keep classes, beside a column that holds no path.
info = {"info": {"features": {"video": {"dtype": "string", "_type": "Value"},
        "label": {"names": ["dance", "surf"], "_type": "ClassLabel"}}}}
table = pa.table({"label": pa.array([1, 0, None], pa.int64()), "video": ["a.mp4", "b.mp4", "c.mp4"]})
pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(info)}), out / "classes.parquet")
duckdb.sql(f"""COPY (SELECT * FROM (VALUES
  ('x.mp4', 3::BIGINT, TIME '00:01:02.5', TIME '01:00:00'),
  ('y.mp4', 4::BIGINT, NULL, NULL)) AS t(filepath, category, start_time, end_time))
  TO '{out}/duckdb.parquet' (FORMAT parquet, COMPRESSION gzip)""")
