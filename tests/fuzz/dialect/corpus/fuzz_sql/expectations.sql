CREATE STREAMING TABLE t (CONSTRAINT c EXPECT (a > 0) ON VIOLATION QUARANTINE, CONSTRAINT d EXPECT (b IS NOT NULL) ON VIOLATION FAIL UPDATE) AS SELECT * FROM STREAM s;
SELECT details:flow_progress.data_quality.expectations[0].name, details:a:b['c']::INT FROM event_log(TABLE(a.b.c)) WHERE level = 'ERROR';
