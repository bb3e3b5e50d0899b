-- Against mistakes of the owner, who could drop the trigger; what they change in spite of it,
-- audit.verify() finds.

create or replace function authz_private.tg_keep_log()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    raise exception '%.% is append-only', tg_table_schema, tg_table_name
        using
            errcode = '42501',
            hint = 'Whole months are dropped by audit.drop_partitions_before().';
end
$$;

comment on function authz_private.tg_keep_log() is
    'Trigger before UPDATE, DELETE and TRUNCATE of the log and its seals: 42501.';
revoke all on function authz_private.tg_keep_log() from public;
