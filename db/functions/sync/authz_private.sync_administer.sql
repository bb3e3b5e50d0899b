-- An administrator's feed passes through the functions that administrators call, row by row: what
-- they refuse is the problem of the line. A trial is undone.

create or replace function authz_private.sync_administer(
    scope authz_private.sync_scope, is_trial boolean
)
returns setof authz_private.sync_change
language plpgsql volatile security invoker parallel unsafe
as $$
declare
    changes authz_private.sync_change [];
    turn record;
    refusal text;
begin
    select array_agg(c)
    into changes
    from authz_private.sync_changes(scope) as c;
    begin
        for turn in
            select
                c.place_in_plan,
                (
                    c.kind, c.external_id, c.action, c.before, c.after, c.problem, c.target_id,
                    c.place
                )::authz_private.sync_change as change
            from unnest(changes) with ordinality as c (
                kind, external_id, action, before, after, problem, target_id, place, place_in_plan
            )
            inner join authz_private.sync_tables() as t on c.kind = t.kind
            where c.action <> 'unchanged' and c.problem is null
            order by
                -- Whoever and whatever leaves goes last, so that nobody is left behind in it.
                c.action = 'deactivate' and c.kind in ('unit', 'person'),
                t.place,
                c.action <> 'remove',
                c.action <> 'change' and c.kind in ('membership', 'grant'),
                c.place_in_plan
        loop
            begin
                perform authz_private.sync_administer_one(scope, turn.change);
            exception
                when insufficient_privilege or check_violation or unique_violation
                    or foreign_key_violation or exclusion_violation or invalid_parameter_value
                    or not_null_violation
                then
                    get stacked diagnostics refusal = message_text;
                    -- What is there already may be none of their business.
                    changes[turn.place_in_plan].problem := concat_ws(
                        ', ', coalesce((turn.change).place, (turn.change).kind || ' '
                        || quote_literal((turn.change).external_id)),
                        refusal || '; ask somebody who may, or leave the line out'
                    );
            end;
        end loop;
        if is_trial then
            raise exception 'undo' using errcode = 'FWUND';
        end if;
    exception
        when sqlstate 'FWUND' then
            null;
    end;
    return query
    select
        c.kind,
        c.external_id,
        c.action,
        c.before,
        -- The lines were merged with the profile that is kept, which is not theirs to read.
        case when c.kind = 'person' and c.action <> 'add' then c.after - 'profile' else c.after end,
        c.problem,
        c.target_id,
        c.place
    from unnest(changes) as c;
end
$$;

comment on function authz_private.sync_administer(authz_private.sync_scope, boolean) is
    'Applies the plan of an administrator, and undoes it where it is a trial; returns it with what '
    'was refused as problems.';
revoke all on function authz_private.sync_administer(authz_private.sync_scope, boolean)
from public;
