-- What the catalog says of the columns of a dataset: rules are checked against it when written.

create or replace function authz_private.dataset_columns(table_name regclass)
returns table (
    column_name name,
    place int,
    type_name text,
    plain_type text,
    family text,
    collation_name text,
    low text,
    high text
)
language sql stable security invoker parallel safe
begin atomic
    select
        a.attname,
        a.attnum::int,
        format_type(b.id, b.typmod),
        format_type(b.id, -1),
        case
            when b.id in (25, 1042, 1043) then 'text'
            when b.id in (20, 21, 23, 700, 701, 1700) then 'number'
            when b.id = 16 then 'boolean'
            when b.id = 1082 then 'date'
            when b.id = 1114 then 'timestamp'
            when b.id = 1184 then 'timestamptz'
            when b.id = 2950 then 'uuid'
        end,
        case
            when a.attcollation not in (0, 100) then a.attcollation::regcollation::text
        end,
        case
            when b.id = 21 then '-32768'
            when b.id = 23 then '-2147483648'
            when b.id = 20 then '-9223372036854775808'
            -- With as many digits as a cast to numeric keeps.
            when b.id = 701 then '-1.79769313486231e308'
            when b.limits is not null then '-' || b.limits
        end,
        case
            when b.id = 21 then '32767'
            when b.id = 23 then '2147483647'
            when b.id = 20 then '9223372036854775807'
            when b.id = 701 then '1.79769313486231e308'
            else b.limits
        end
    from pg_attribute as a
    cross join lateral (
        with recursive base as (
            select t.oid as id, t.typbasetype as below, a.atttypmod as typmod
            from pg_type as t
            where t.oid = a.atttypid
            union all
            select t.oid, t.typbasetype, case when b.typmod < 0 then d.typtypmod else b.typmod end
            from base as b
            inner join pg_type as d on b.id = d.oid
            inner join pg_type as t on b.below = t.oid
        )

        select
            b.id,
            b.typmod,
            -- The greatest number of numeric(p, s); a negative scale leaves zeros at the end.
            case
                when b.id = 1700 and b.typmod >= 4
                    then (
                        (10::numeric ^ ((b.typmod - 4) >> 16 & 65535) - 1)
                        * 10::numeric ^ (1024 - ((b.typmod + 1020) & 2047))
                    )::text
            end as limits
        from base as b
        where b.below = 0
    ) as b
    where a.attrelid = dataset_columns.table_name
        and a.attnum > 0
        and not a.attisdropped
        and not authz_private.is_storage_column(a.attrelid, a.attname);
end;

comment on function authz_private.dataset_columns(regclass) is
    'Columns of a table without those that store owners: type with its modifier (of a domain, '
    'the type below), type without, kind of value (null: data permissions do not compare it), '
    'collation unless the default, and the least and greatest number it holds where that is '
    'not unlimited.';
revoke all on function authz_private.dataset_columns(regclass) from public;
