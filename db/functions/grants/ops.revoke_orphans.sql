-- Asks the same two functions as the check.

create or replace procedure ops.revoke_orphans()
language plpgsql security definer
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    callers_reason constant text := coalesce(current_setting('fundwarden.reason', true), '');
begin
    perform
    from authz_private.maintenance_turn as m
    where m.task = 'revoke_orphans'
    for update skip locked;
    if not found then
        raise notice 'another session is at it';
        return;
    end if;

    perform set_config('fundwarden.reason', 'orphaned', true);
    update authz.delegations as d
    set status = 'revoked', decision_reason = 'orphaned'
    where d.id in (
            select x.id
            from authz.delegations as x
            where x.id in (select o.id from authz_private.orphaned_delegations() as o (id))
            for update skip locked
        );
    delete from authz.permission_templates as t
    where t.id in (
            select x.id
            from authz.permission_templates as x
            where x.id in (select o.id from authz_private.orphaned_templates() as o (id))
            for update skip locked
        );
    perform set_config('fundwarden.reason', callers_reason, true);
end
$$;

comment on procedure ops.revoke_orphans() is
    'Revokes delegations of or to somebody inactive or at an inactive unit, and removes templates '
    'of a resource that is not in the menu; all of it is logged. Does nothing while another '
    'session is at it.';
revoke all on procedure ops.revoke_orphans() from public;
grant execute on procedure ops.revoke_orphans() to fundwarden_operator;
