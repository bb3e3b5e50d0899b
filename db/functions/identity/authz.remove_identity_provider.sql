-- To stop its tokens for a while, set is_active to false; after this, a token that names the issuer
-- is one of the shared secrets again.

create or replace function authz.remove_identity_provider(issuer text)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    delete from authz.identity_providers as p where p.issuer = remove_identity_provider.issuer;
    if not found then
        raise exception 'issuer % is not registered', quote_nullable(issuer)
            using errcode = '22023', hint = 'Pass the issuer of a row in authz.identity_providers.';
    end if;
end
$$;

comment on function authz.remove_identity_provider(text) is
    'Removes a provider with its keys: its tokens are refused from the next statement on. Only the '
    'owner may call it. 22023 when the issuer is not registered.';
revoke all on function authz.remove_identity_provider(text) from public;
