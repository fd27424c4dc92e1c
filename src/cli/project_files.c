/* project_files.c - a project of one Bronze table, one Silver view and three Gold views over the events that `weir generate events` makes. */
#include "cli/project_files.h"

static const char BRONZE[] =
    "-- Bronze: every event of every file, once, as it came.\n"
    "--\n"
    "-- The folder is inside a volume. Each run takes the files that are new; the checkpoint remembers which ones were taken.\n"
    "CREATE OR REFRESH STREAMING TABLE workspace.ecommerce.events_delta\n"
    "COMMENT 'Shop events as they came, with the file that each came from'\n"
    "AS SELECT\n"
    "  event_time, event_type, product_id, category_id, category_code, brand, price, user_id, user_session,\n"
    "  _metadata.file_name AS source_file\n"
    "FROM STREAM read_files(\n"
    "  '/Volumes/workspace/ecommerce/stream_volume/input',\n"
    "  format => 'csv',\n"
    "  header => true,\n"
    "  timestampFormat => 'yyyy-MM-dd HH:mm:ss z',\n"
    "  schema => 'event_time TIMESTAMP, event_type STRING, product_id BIGINT, category_id BIGINT, category_code STRING, brand STRING, price DOUBLE, user_id BIGINT, user_session STRING'\n"
    ");\n";

static const char SILVER[] =
    "-- Silver: what each user did. Recomputed when Bronze has a new version, in one commit: readers never see it empty.\n"
    "CREATE OR REFRESH MATERIALIZED VIEW workspace.ecommerce.user_features\n"
    "COMMENT 'One row per user; total_spent sums the price of every event, views too'\n"
    "AS SELECT\n"
    "  user_id,\n"
    "  count(*) AS total_events,\n"
    "  count_if(event_type = 'purchase') AS purchases,\n"
    "  sum(price) AS total_spent,\n"
    "  avg(price) AS avg_price\n"
    "FROM workspace.ecommerce.events_delta\n"
    "GROUP BY user_id;\n";

static const char GOLD[] =
    "-- Gold: what the business asks. All views of one run stand for the same versions of the tables they read.\n"
    "\n"
    "CREATE OR REFRESH MATERIALIZED VIEW workspace.ecommerce.brand_revenue\n"
    "COMMENT 'Orders and revenue per brand'\n"
    "AS SELECT\n"
    "  coalesce(brand, 'no brand') AS brand,\n"
    "  count(*) AS orders,\n"
    "  round(sum(price), 2) AS revenue\n"
    "FROM workspace.ecommerce.events_delta\n"
    "WHERE event_type = 'purchase'\n"
    "GROUP BY coalesce(brand, 'no brand');\n"
    "\n"
    "CREATE OR REFRESH MATERIALIZED VIEW workspace.ecommerce.category_funnel\n"
    "COMMENT 'From looking to buying, per category'\n"
    "AS SELECT\n"
    "  coalesce(category_code, 'unknown') AS category_code,\n"
    "  count_if(event_type = 'view') AS views,\n"
    "  count_if(event_type = 'cart') AS carts,\n"
    "  count_if(event_type = 'purchase') AS purchases,\n"
    "  round(100.0D * count_if(event_type = 'purchase') / nullif(count_if(event_type = 'view'), 0), 2) AS conversion_percent\n"
    "FROM workspace.ecommerce.events_delta\n"
    "GROUP BY coalesce(category_code, 'unknown');\n"
    "\n"
    "-- A view over a view: the graph finds the order.\n"
    "CREATE OR REFRESH MATERIALIZED VIEW workspace.ecommerce.buyers\n"
    "COMMENT 'Users who bought, and users who only looked'\n"
    "AS SELECT\n"
    "  CASE WHEN purchases > 0 THEN 'bought' ELSE 'looked only' END AS kind,\n"
    "  count(*) AS users,\n"
    "  round(avg(total_events), 2) AS events_per_user,\n"
    "  round(avg(avg_price), 2) AS avg_price\n"
    "FROM workspace.ecommerce.user_features\n"
    "GROUP BY CASE WHEN purchases > 0 THEN 'bought' ELSE 'looked only' END;\n";

static const char README[] =
    "# @NAME@\n"
    "\n"
    "Files that land in a volume become a Bronze table, each file once; a Silver view and three Gold views follow.\n"
    "Run the commands from inside this folder: its lakehouse is `lakehouse/`.\n"
    "\n"
    "    weir generate events --rows 100000 --files 20 /Volumes/workspace/ecommerce/stream_volume/input\n"
    "    weir run                      # takes the files that are there, then stops; again: nothing new\n"
    "    weir sql -c \"SELECT * FROM workspace.ecommerce.user_features ORDER BY total_spent DESC LIMIT 10\"\n"
    "\n"
    "More files later, and only they are read:\n"
    "\n"
    "    weir generate events --rows 10000 --files 2 --first 100000 /Volumes/workspace/ecommerce/stream_volume/input\n"
    "    weir run\n"
    "\n"
    "Your own files: `weir fs cp orders.csv /Volumes/workspace/ecommerce/stream_volume/input/`. To stay and take files as they land:\n"
    "`weir run --continuous`. What became of each file: `weir files workspace.ecommerce.events_delta`.\n"
    "\n"
    "| file | holds |\n"
    "| --- | --- |\n"
    "| `spark-pipeline.yml` | the project: its name, where its checkpoints lie, which files belong to it |\n"
    "| `transformations/bronze.sql` | `events_delta`: a streaming table over the volume's folder `input` |\n"
    "| `transformations/silver.sql` | `user_features`: one row per user |\n"
    "| `transformations/gold.sql` | `brand_revenue`, `category_funnel`, `buyers` |\n"
    "| `lakehouse/` | the catalog, the volume, the tables (Delta Lake: Spark, DuckDB, Polars and delta-rs read them) |\n"
    "| `pipeline-storage/` | the checkpoints: what was read already (Spark's format) |\n"
    "\n"
    "Leave the folder where it is: checkpoints know files by their whole path, and the spec names their place. Elsewhere, begin anew with `weir init`.\n";

static const char SPEC[] =
    "# A pipeline project, as Spark Declarative Pipelines has it.\n"
    "name: @NAME@\n"
    "# Where the checkpoints lie: <storage>/_checkpoints/<catalog>/<schema>/<table>/<flow>/<n>/. An absolute path.\n"
    "storage: @STORAGE@\n"
    "database: ecommerce\n"
    "libraries:\n"
    "  - glob:\n"
    "      include: transformations/**\n"
    "# Every value is a quoted text.\n"
    "configuration:\n"
    "  spark.sql.sources.default: \"delta\"\n"
    "  spark.sql.session.timeZone: \"UTC\"\n";

const struct cli_project_file cli_project_files[] = {
    {"transformations/bronze.sql", BRONZE},
    {"transformations/silver.sql", SILVER},
    {"transformations/gold.sql", GOLD},
    {"README.md", README},
    {"spark-pipeline.yml", SPEC},
    {NULL, NULL},
};
