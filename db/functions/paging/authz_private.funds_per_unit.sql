-- An estimate, to choose a plan by; never part of an answer.

create or replace function authz_private.funds_per_unit()
returns float8
language plpgsql stable security invoker parallel safe
as $$
begin
    -- Never analysed, reltuples is -1: the size on disk then has to do.
    return (
        select
            case
                when f.reltuples >= 0 then f.reltuples else pg_relation_size(f.oid) / 150.0
            end
            / greatest(
                case
                    when u.reltuples >= 0 then u.reltuples else pg_relation_size(u.oid) / 200.0
                end,
                1
            )
        from pg_class as f, pg_class as u
        where f.oid = 'finance.financial_funds'::regclass and u.oid = 'authz.org_units'::regclass
    );
end
$$;

comment on function authz_private.funds_per_unit() is
    'About how many funds there are for each unit, by the statistics of the last ANALYZE.';
revoke all on function authz_private.funds_per_unit() from public;
