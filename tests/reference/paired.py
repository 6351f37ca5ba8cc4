"""Paired t-test and the draws that it needs, by scipy: the numbers in tests/metrics/test_metrics_paired.c."""

from scipy import stats
import math
def p(mean,sd,n): return 2*stats.t.sf(abs(mean)/sd*math.sqrt(n),n-1)
def power(n,e,a=0.05):
    tc=stats.t.ppf(1-a/2,n-1); nc=e*math.sqrt(n)
    return stats.nct.sf(tc,n-1,nc)+stats.nct.cdf(-tc,n-1,nc)
for m,s,n in ((0.5,1,5),(0.01,0.004,3),(-0.2,0.3,2),(0.1,1,40)): print(m,s,n,repr(p(m,s,n)))
for e in (2.5,1.2,0.8,0.5,0.2,0.1,4):
    n=2
    while power(n,e)<0.8: n+=1
    print(e,n,power(n,e), power(n-1,e) if n>2 else None)
