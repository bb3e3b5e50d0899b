-- A plan that reads a view which was never refreshed fails as it starts: asked before. Not in a
-- bound body, which would keep the view from being made again.

create or replace function authz_private.view_is_populated()
returns boolean
language plpgsql stable security invoker parallel safe
as $$
begin
    return (
        select c.relispopulated
        from pg_class as c
        where c.oid = 'authz.user_effective_policies'::regclass
    );
end
$$;

comment on function authz_private.view_is_populated() is
    'Whether authz.user_effective_policies was ever refreshed.';
revoke all on function authz_private.view_is_populated() from public;
