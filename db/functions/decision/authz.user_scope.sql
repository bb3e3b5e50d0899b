-- The public face of the decision: unit ids spelled out.

create or replace function authz.user_scope(user_id bigint, resource text, action text)
returns table (unit_ids int [], own_rows boolean, own_denied boolean)
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    subject_id bigint := authz_private.user_in_question(user_scope.user_id, 'user_id');
begin
    perform authz_private.check_question(resource, action, '{}');
    return query
    select
        r.unit_ids,
        r.own_rows,
        r.own_denied
    from authz_private.reached_units(subject_id, resource, action) as r;
end
$$;

comment on function authz.user_scope(bigint, text, text) is
    'One row: the units in which the user may do action on resource, ascending; own_rows, '
    'whether rows they own count besides; own_denied, whether rows they own do not though their '
    'unit does. A null user_id means the user who is signed in. 22023 unknown resource or '
    'action; 28000 if nobody is signed in; 42501 if the caller may not ask.';
revoke all on function authz.user_scope(bigint, text, text) from public;
grant execute on function authz.user_scope(bigint, text, text)
to fundwarden_app, fundwarden_operator;
