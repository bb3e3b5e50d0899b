-- Decided or lapsed: nothing asks them any more but people who look back, and these have the log.

create or replace procedure ops.archive_requests(keep interval default '90 days')
language plpgsql security definer
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    callers_reason constant text := coalesce(current_setting('fundwarden.reason', true), '');
    before constant timestamptz := authz.clock() - keep;
begin
    if keep is null or keep < interval '0' then
        raise exception 'keep % is not an interval from 0 on', coalesce(keep::text, 'null')
            using errcode = '22023', hint = 'Ninety days are a good margin.';
    end if;
    perform
    from authz_private.maintenance_turn as m
    where m.task = 'archive_requests'
    for update skip locked;
    if not found then
        raise notice 'another session is at it';
        return;
    end if;

    perform set_config('fundwarden.reason', 'decided or ended before ' || before, true);
    delete from authz.grant_requests as r
    where r.id in (
            select x.id
            from authz.grant_requests as x
            where coalesce(x.decided_at, x.expires_at) <= before
            for update skip locked
        );
    delete from authz.delegations as d
    where d.id in (
            select x.id
            from authz.delegations as x
            where x.valid_until <= before
                or x.status in ('rejected', 'withdrawn', 'revoked') and x.decided_at <= before
            for update skip locked
        );
    perform set_config('fundwarden.reason', callers_reason, true);
end
$$;

comment on procedure ops.archive_requests(interval) is
    'Removes requests that were decided or lapsed, and delegations that ended or were revoked, so '
    'long ago or earlier; the log keeps each as a whole, with the reason. Does nothing while '
    'another session is at it. 22023 when keep is negative.';
revoke all on procedure ops.archive_requests(interval) from public;
grant execute on procedure ops.archive_requests(interval) to fundwarden_operator;
