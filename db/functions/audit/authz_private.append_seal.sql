-- The one way a seal comes to be; the caller holds the lock of the chain.

create or replace function authz_private.append_seal(seal audit.seals)
returns audit.seals
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    last audit.seals;
begin
    select s.* into last from audit.seals as s order by s.number desc limit 1;
    seal.number := coalesce(last.number + 1, 0);
    seal.cluster := authz_private.cluster_id();
    seal.total_rows := coalesce(last.total_rows, 0) + seal.row_count;
    seal.previous_hash := coalesce(last.hash, '');
    seal.hash := authz_private.seal_hash(seal);
    insert into audit.seals select (seal).*;
    perform pg_notify('audit_seal', authz_private.seal_head(seal));
    return seal;
end
$$;

comment on function authz_private.append_seal(audit.seals) is
    'Adds the seal to the end of the chain, with what follows from its place there, and notifies '
    'audit_seal with the head.';
revoke all on function authz_private.append_seal(audit.seals) from public;
