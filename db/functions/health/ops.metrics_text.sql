-- The text format of Prometheus, version 0.0.4, for whoever has psql and a web server or a file.

create or replace function ops.metrics_text()
returns setof text
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    return query
    select t.line
    from (
        select
            m.name,
            1 as place,
            format('# HELP %s %s', m.name, replace(replace(m.help, '\', '\\'), E'\n', '\n')) as line
        from ops.metrics as m
        group by m.name, m.help
        union all
        select
            m.name,
            2,
            format('# TYPE %s %s', m.name, m.type)
        from ops.metrics as m
        group by m.name, m.type
        union all
        select
            m.name,
            3,
            format(
                '%s%s %s', m.name,
                '{' || (
                    select string_agg(
                        format(
                            '%s="%s"', l.key,
                            replace(
                                replace(replace(l.value, '\', '\\'), '"', '\"'), E'\n', '\n'
                            )
                        ),
                        ',' order by l.key
                    )
                    from jsonb_each_text(m.labels) as l
                ) || '}',
                m.value
            )
        from ops.metrics as m
    ) as t
    order by t.name collate "C", t.place, t.line collate "C";
end
$$;

comment on function ops.metrics_text() is
    'ops.metrics in the text format of Prometheus, a line a row.';
revoke all on function ops.metrics_text() from public;
grant execute on function ops.metrics_text() to fundwarden_operator, fundwarden_auditor;
