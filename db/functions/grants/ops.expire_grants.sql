-- What has ended gives nothing already; removed it no longer costs anything. The log is the
-- archive: it holds the whole row.

create or replace procedure ops.expire_grants(keep interval default '30 days')
language plpgsql security definer
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    callers_reason constant text := coalesce(current_setting('fundwarden.reason', true), '');
    before constant timestamptz := authz.clock() - keep;
begin
    if keep is null or keep < interval '0' then
        raise exception 'keep % is not an interval from 0 on', coalesce(keep::text, 'null')
            using errcode = '22023', hint = 'Thirty days are a good margin.';
    end if;
    perform
    from authz_private.maintenance_turn as m
    where m.task = 'expire_grants'
    for update skip locked;
    if not found then
        raise notice 'another session is at it';
        return;
    end if;

    perform set_config('fundwarden.reason', 'ended before ' || before, true);
    -- A row that somebody holds is left to the next time.
    delete from authz.user_roles as g
    where g.id in (
            select x.id
            from authz.user_roles as x
            where x.valid_until <= before
            for update skip locked
        );
    delete from authz.user_policies as g
    where g.id in (
            select x.id
            from authz.user_policies as x
            where x.valid_until <= before
            for update skip locked
        );
    delete from authz.user_permissions as g
    where g.id in (
            select x.id
            from authz.user_permissions as x
            where x.valid_until <= before
            for update skip locked
        );
    delete from authz.memberships as g
    where g.id in (
            select x.id
            from authz.memberships as x
            where x.valid_until <= before
            for update skip locked
        );
    perform set_config('fundwarden.reason', callers_reason, true);
end
$$;

comment on procedure ops.expire_grants(interval) is
    'Removes grants and memberships whose window ended so long ago or earlier; the log keeps each '
    'as a whole, with the reason. Does nothing while another session is at it. 22023 when keep is '
    'negative.';
revoke all on procedure ops.expire_grants(interval) from public;
grant execute on procedure ops.expire_grants(interval) to fundwarden_operator;
