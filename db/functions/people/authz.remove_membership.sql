-- Denies without a unit end there too, so what is taken away has to be held.

create or replace function authz.remove_membership(membership_id bigint)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    gone authz.memberships;
begin
    me := authz_private.begin_administration(
        (
            select m.tenant_id
            from authz.memberships as m
            where m.id = membership_id
        ),
        'membership_id'
    );
    select m.* into gone from authz.memberships as m where m.id = membership_id;
    if gone.id is null
        or not authz_private.may_act(me, 'users', 'update', gone.unit_id, false)
    then
        perform authz_private.refuse_administration('membership_id');
    end if;
    perform authz_private.administered_user(me, 'update', gone.user_id);
    perform authz_private.check_belonging(me, gone.user_id, array[gone.unit_id], false);
    delete from authz.memberships as m where m.id = gone.id;
    return row(gone.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.remove_membership(bigint) is
    'Ends a membership by deleting it, for whoever could have made it. 28000 if nobody is signed '
    'in; 42501 if that is not allowed or the object does not exist, for oneself, above one''s '
    'own rank.';
revoke all on function authz.remove_membership(bigint) from public;
grant execute on function authz.remove_membership(bigint) to fundwarden_app;
