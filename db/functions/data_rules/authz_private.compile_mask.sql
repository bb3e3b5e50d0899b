-- A mask as SQL over the column: same type, no value of another row, no failure whatever the value.

create or replace function authz_private.compile_mask(
    table_name regclass, column_name name, mode text, mask jsonb
)
returns text
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    kind constant text := case mode when 'disable' then 'null' else mask ->> 'kind' end;
    col record;
    c text;
    needs text;
    fits boolean;
    result text;
    -- Read with the rights of the view's owner: nobody else can hash a guess.
    salt constant text :=
        '(select sha256(k.secret || int4send(%2$s)) from authz_private.mask_secret as k)';
begin
    select d.* into col
    from authz_private.dataset_columns(compile_mask.table_name) as d
    where d.column_name = compile_mask.column_name;
    c := replace(quote_ident(compile_mask.column_name), '%', '%%');
    if col.column_name is null then
        raise exception 'column_name: % is no column of the dataset',
            quote_literal(compile_mask.column_name)
            using errcode = '22023', hint = 'Name a column of the table, as it is written there.';
    end if;
    if mode = 'visible' then
        return c;
    end if;
    needs := case kind
        when 'null' then ''
        when 'constant' then 'value'
        when 'hash' then ''
        when 'keep_first' then 'n'
        when 'keep_last' then 'n'
        when 'round' then 'digits'
        when 'bucket' then 'width'
        when 'truncate' then 'unit'
    end;
    if mode = 'mask' and (needs is null or jsonb_typeof(mask) <> 'object') then
        raise exception 'mask: kind is not known'
            using
                errcode = '22023',
                hint = 'null, constant, hash, keep_first, keep_last, round, bucket or truncate.';
    end if;
    if mode = 'mask' and (
        mask - 'kind' - needs <> '{}' or needs <> '' and not mask ? needs
    )
    then
        raise exception 'mask: kind % takes %', kind,
            case needs when '' then 'nothing else' else needs || ' and nothing else' end
            using errcode = '22023', hint = 'See the comment of authz.column_permissions.mask.';
    end if;
    fits := case kind
        when 'null' then true
        when 'constant' then col.family is not null
        when 'hash' then col.family in ('text', 'number', 'uuid')
        when 'keep_first' then col.family = 'text'
        when 'keep_last' then col.family = 'text'
        when 'round' then col.family = 'number'
        when 'bucket' then col.family = 'number'
        when 'truncate' then col.family in ('date', 'timestamp', 'timestamptz')
    end;
    if fits is not true then
        raise exception 'mask: kind % does not go with a column of type %', kind, col.plain_type
            using errcode = '22023', hint = 'The masked value has the type of the column.';
    end if;

    if kind in ('keep_first', 'keep_last')
        and (jsonb_typeof(mask -> 'n') <> 'number' or mask ->> 'n' !~ '^([1-9][0-9]?|100)$')
        or kind = 'round'
        and (jsonb_typeof(mask -> 'digits') <> 'number' or mask ->> 'digits' !~ '^-?[12]?[0-9]$')
        or kind = 'bucket'
        and (
            jsonb_typeof(mask -> 'width') <> 'number'
            or (mask ->> 'width')::numeric not between 1e-20 and 1e30
        )
        or kind = 'truncate'
        and not coalesce(
            mask ->> 'unit' = any(
                case col.family
                    when 'date' then '{year,quarter,month,week}'
                    else '{year,quarter,month,week,day,hour}'
                end::text []
            ),
            false
        )
    then
        raise exception 'mask.%: not a value for kind %', needs, kind
            using
                errcode = '22023',
                hint = 'n: 1 to 100; digits: -29 to 29; width: 1e-20 to 1e30; unit: year, quarter, '
                    'month, week, and with a time day, hour.';
    end if;

    case kind
        when 'null' then
            result := 'null';
        when 'constant' then
            result := authz_private.typed_literal(
                mask -> 'value', col.family, col.type_name, 'mask.value'
            );
        when 'hash' then
            result := format(
                'encode(sha256(%1$s || sha256(%1$s || convert_to(%2$s, ''UTF8''))), ''hex'')',
                salt,
                -- The session decides how many digits of these are written.
                case
                    when col.plain_type in ('real', 'double precision')
                        then format(
                            'encode(float8send(%I + 0), ''hex'')', compile_mask.column_name
                        )
                    else quote_ident(compile_mask.column_name) || '::text'
                end
            );
            result := case
                when col.family = 'text' then result
                when col.family = 'uuid' then format('substr(%s, 1, 32)::uuid', result)
                when col.plain_type = 'smallint'
                    then format('(''x'' || substr(%s, 1, 3))::bit(12)::int', result)
                when col.plain_type = 'integer'
                    then format('(''x'' || substr(%s, 1, 7))::bit(28)::int', result)
                else format('(''x'' || substr(%s, 1, 12))::bit(48)::bigint', result)
            end;
        when 'keep_first' then
            result := format(
                'case when length(%1$s::text) > %2$s then left(%1$s::text, %2$s) || ''***'' '
                'when %1$s is not null then ''***'' end',
                quote_ident(compile_mask.column_name), mask ->> 'n'
            );
        when 'keep_last' then
            result := format(
                'case when length(%1$s::text) > %2$s then ''***'' || right(%1$s::text, %2$s) '
                'when %1$s is not null then ''***'' end',
                quote_ident(compile_mask.column_name), mask ->> 'n'
            );
        when 'round' then
            result := format(
                'round(%s::numeric, %s)', quote_ident(compile_mask.column_name), mask ->> 'digits'
            );
        when 'bucket' then
            result := format(
                'floor(%1$s::numeric / %2$L::numeric) * %2$L::numeric',
                quote_ident(compile_mask.column_name), mask ->> 'width'
            );
        else
            -- Where there may be no instant to cut back to, and dates that are no timestamps.
            result := format(
                'case when %1$s between %2$L and %3$L or not isfinite(%1$s) '
                'then date_trunc(%4$L, %1$s%5$s) end',
                quote_ident(compile_mask.column_name), '4700-01-01 BC', '294000-01-01',
                mask ->> 'unit',
                case col.family
                    when 'timestamptz' then ', ''UTC''' when 'date' then '::timestamp' else ''
                end
            );
    end case;
    -- Of a number with few digits the end of the hash: clamped, all would be the greatest there is.
    if kind = 'hash' and col.plain_type = 'numeric' and col.high is not null then
        result := format('mod(%s::numeric, %s)', result, col.high);
    end if;
    -- A number that rounding carried beyond its type stays at the end of it.
    if col.family = 'number' and kind in ('hash', 'round', 'bucket') and col.high is not null then
        result := format(
            'case when %s is not null then least(greatest(%s, %s), %s) end',
            quote_ident(compile_mask.column_name), result, col.low, col.high
        );
    end if;
    -- Only a hash holds the salt, and no value an administrator wrote.
    result := replace(
        format('(%s)::%s', result, col.type_name) || coalesce(' collate ' || col.collation_name, ''),
        '%', '%%'
    );
    return case kind
        when 'hash' then replace(result, replace(salt, '%', '%%'), salt) else result
    end;
end
$$;

comment on function authz_private.compile_mask(regclass, name, text, jsonb) is
    'The masked column as SQL: a template of format(), whose second argument is the tenant of '
    'whom it is masked for. 22023, naming what does not fit.';
revoke all on function authz_private.compile_mask(regclass, name, text, jsonb) from public;
