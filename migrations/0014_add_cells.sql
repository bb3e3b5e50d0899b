-- An installation can be one cell of several. The table is new and empty.
-- squawk-ignore-file prefer-bigint-over-int

create table ops.cell (
    only_one boolean primary key default true,
    number int not null,
    name text not null,
    platform_version text,
    platform_taken_at timestamptz,
    taking xid8,
    constraint there_is_one_cell check (only_one),
    constraint cell_number_has_a_range check (number between 0 and 99),
    constraint cell_name_is_a_plain_word check (name ~ '^[a-z][a-z0-9_]{0,49}$')
);

comment on table ops.cell is
    'Empty: this installation stands alone. One row: it is a cell, as ops.set_cell() made it.';
comment on column ops.cell.number is
    '0 to 99; it decides from which range ids are drawn. Cell 0 is the platform: the other cells '
    'take its platform rows.';
comment on column ops.cell.name is 'Lower-case word, as in cells.toml.';
comment on column ops.cell.platform_version is
    'Version of the platform rows that this cell took last, as ops.platform_rows() states it; '
    'null: none yet.';
comment on column ops.cell.platform_taken_at is 'When it took them; null: never.';
comment on column ops.cell.taking is
    'The transaction that may write platform rows here: ops.take_platform_rows() sets it, and a '
    'migration that writes platform rows has to.';
