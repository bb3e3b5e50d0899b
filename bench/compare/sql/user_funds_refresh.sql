refresh materialized view concurrently rival.user_funds
