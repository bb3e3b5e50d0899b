-- A template gives to everybody of a rank, whoever sets it among them.

create or replace function authz_private.check_template_key(
    actor_id bigint, permission_key text, unit_path ext.ltree
)
returns void
language plpgsql stable security invoker parallel restricted
as $$
begin
    if not exists (
        select
        from authz.resources as r
        where r.code = split_part(permission_key, '.', 1)
            and authz_private.holds_throughout(
                actor_id, r.path, split_part(permission_key, '.', 2), null, unit_path, true, null
            )
    )
    then
        raise exception 'permission_key %: not held there by whoever gives it',
            quote_literal(left(permission_key, 110))
            using errcode = '42501', hint = 'Give what you hold yourself, throughout the unit.';
    end if;
end
$$;

comment on function authz_private.check_template_key(bigint, text, ext.ltree) is
    'Refuses with 42501 a key whose resource and action the acting user does not hold '
    'throughout the unit at the path, for good and unconditionally.';
revoke all on function authz_private.check_template_key(bigint, text, ext.ltree) from public;
