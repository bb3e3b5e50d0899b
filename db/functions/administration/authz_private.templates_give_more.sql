-- Templates give to ranks; denies take from people.

create or replace function authz_private.templates_give_more(
    actor_id bigint, rank int, unit_id int, unit_path ext.ltree
)
returns boolean
language sql stable security invoker parallel safe
begin atomic
    select exists (
        select
        from (
            select distinct t.permission_key
            from authz.permission_templates as t
            inner join authz.org_units as n on t.unit_id = n.id
            where n.path operator (ext.@>) templates_give_more.unit_path
        ) as k
        cross join lateral authz_private.template_at(
            templates_give_more.unit_path, k.permission_key
        ) as t
        where t.is_enabled
            and t.min_role_rank <= templates_give_more.rank
            and not authz_private.decide(
                templates_give_more.actor_id,
                split_part(k.permission_key, '.', 1),
                split_part(k.permission_key, '.', 2),
                templates_give_more.unit_id,
                '{}'
            )
    );
end;

comment on function authz_private.templates_give_more(bigint, int, int, ext.ltree) is
    'Whether templates give, in the unit at the path, a permission to the rank that the acting '
    'user does not have there.';
revoke all on function authz_private.templates_give_more(bigint, int, int, ext.ltree) from public;
