-- Inlined into its caller; one index-only range scan.

create or replace function authz_private.subtree(root ext.ltree)
returns table (unit_id int)
language sql stable security invoker parallel safe
begin atomic
    -- Codes hold no byte below '0', so what lies between the path and the path with '0' appended
    -- is the unit and everything below it.
    select u.id
    from authz.org_units as u
    where u.path operator (ext.>=) subtree.root
        and u.path operator (ext.<) ext.text2ltree(ext.ltree2text(subtree.root) || '0');
end;

comment on function authz_private.subtree(ext.ltree) is 'Ids of the unit at the path and below it.';
revoke all on function authz_private.subtree(ext.ltree) from public;
