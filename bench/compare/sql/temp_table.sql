create temporary table if not exists picked (
    id bigint primary key,
    amount numeric not null
) on commit delete rows
