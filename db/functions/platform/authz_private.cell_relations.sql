-- Cell 0 is this database, which reads its own views.

create or replace function authz_private.cell_relations(cell int)
returns text
language sql stable security invoker parallel safe
begin atomic
    select case cell_relations.cell
        when 0 then 'platform.cell'
        else format('authz_private.cell_%s'::text, cell_relations.cell)
    end;
end;

comment on function authz_private.cell_relations(int) is
    'How the names of what is read of a cell begin: _state, _funds, _counts, _health and _log '
    'follow.';
revoke all on function authz_private.cell_relations(int) from public;
